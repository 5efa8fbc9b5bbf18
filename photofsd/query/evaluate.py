"""From a Query to the set of assets that it is true of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from photofsd.query.filters import READS_RECORDS, passing
from photofsd.query.request import Request
from photofsd.query.syntax import And, Expression, Filter, Not, Or, Phrase, Word, all_of, any_of, negation
from photofsd.query.words import Term, is_mute, terms_of, union_of

Spoken = list[Word | Phrase]
"""Free words that stand side by side."""


def heard(root: Expression) -> Expression:
    """`root` without the words that restrict nothing ("the", "&"), unless nothing else is left."""
    return _heard(root) or root


def _heard(node: Expression) -> Expression | None:
    match node:
        case Word() | Phrase():
            return None if is_mute(node) else node
        case Not(part):
            left = _heard(part)
            return None if left is None else negation(left)
        case And(parts) | Or(parts):
            lefts = [left for part in parts if (left := _heard(part)) is not None]
            join = all_of if isinstance(node, And) else any_of
            return join(lefts) if lefts else None
        case Filter():
            return node


def select(request: Request, node: Expression, among: BitMap) -> BitMap:
    """The assets of `among` that `node` is true of."""
    match node:
        case Word() | Phrase():
            return _with_words(request, [node], among)
        case Filter():
            return passing(request, node, among)
        case Not(part):
            with request.denying():
                return among - select(request, part, among)
        case Or(parts):
            return BitMap.union(*(select(request, part, among) for part in parts))
        case And(parts):
            return _all(request, parts, among)


def _all(request: Request, parts: Iterable[Expression], among: BitMap) -> BitMap:
    """Narrow `among` part by part; what has to read records comes last, when few are left."""
    for part in sorted(_runs(parts), key=_reads_records):
        among = _with_words(request, part, among) if isinstance(part, list) else select(request, part, among)
    return among


def _runs(parts: Iterable[Expression]) -> Iterator[Spoken | Expression]:
    """The parts, of which words that stand side by side are one ("new year")."""
    run: Spoken = []
    for part in parts:
        if isinstance(part, Word | Phrase):
            run.append(part)
            continue
        if run:
            yield run
            run = []
        yield part
    if run:
        yield run


def _reads_records(node: Spoken | Expression) -> bool:
    match node:
        case Filter(key, _):
            return key in READS_RECORDS
        case And(parts) | Or(parts):
            return any(map(_reads_records, parts))
        case Not(part):
            return _reads_records(part)
        case list():
            return any(map(_reads_records, node))
        case _:
            return isinstance(node, Phrase)


def _with_words(request: Request, spoken: Spoken, among: BitMap) -> BitMap:
    """The assets of `among` that have every one of the words somewhere."""
    terms = terms_of(spoken)
    if not terms:
        request.note(f"there is no letter or digit to look for in {' '.join(map(str, spoken))}")
        return BitMap()
    for term in sorted(terms, key=lambda term: term.is_phrase):
        found = union_of(request.having(term, among))
        if not found and not request.has_model and not request.having(term, request.live):
            request.note(f"nothing has the word {term}")
        among = found
    return among


def wanted_terms(node: Expression) -> list[Term]:
    """The terms that make a photo a better result: all that are not negated, in their order, each once."""
    return list(dict.fromkeys(_wanted([node])))


def _wanted(parts: Iterable[Expression]) -> Iterator[Term]:
    for part in _runs(parts):
        match part:
            case list():
                yield from terms_of(part)
            case And(inner):
                yield from _wanted(inner)
            case Or(inner):
                for choice in inner:
                    yield from _wanted([choice])
            case _:
                continue
