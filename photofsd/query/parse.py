r"""From the line that the user typed to a Query.

    any      = all, { "OR", all }
    all      = term, { term }                    a space is AND, and binds tighter than OR
    term     = { "-" | "!" }, ( "(", any, ")" | filter | phrase | word )
    filter   = key, ( ":" | "=" ), value         value: phrase, or characters up to a space, quote or parenthesis
    phrase   = '"', { character | '\"' | '\\' }, '"'
    word     = characters up to a space, quote or parenthesis

Nothing needs a slash (a query is also a file name), and nothing needs a character that SMB cannot send: `=` stands
for `:`, `_` for a space between quotes, `4..5` for `>=4`.
"""

from __future__ import annotations

import difflib
import re

from photofsd.errors import BadQuery
from photofsd.query import values
from photofsd.query.syntax import Expression, Filter, Key, Phrase, Query, Word, all_of, any_of, negation

LONGEST_CHARS = 4096
DEEPEST = 32
_SPACE = re.compile(r"\s*")
_NEGATION = re.compile(r"[-!]+(?=[^\s)\-!])")
_OR = re.compile(r"OR(?=[\s()\"]|$)")
_RUN = re.compile(r'[^\s()"]*')
_KEY = re.compile(r"([A-Za-z]+)([:=])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_KEY_MIN_CHARS = 3
_KEYS = tuple(key.value for key in Key)


def parse(text: str) -> Query:
    """Understand a query. Raises BadQuery, whose position lies in `text` or right behind it."""
    if len(text) > LONGEST_CHARS:
        raise BadQuery(f"a query has at most {LONGEST_CHARS} characters", text, LONGEST_CHARS)
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise BadQuery("this character cannot be in a query", text, error.start) from None
    return _Parser(text).query()


class _Parser:
    """A position in the text, and what was found before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._limit: int | None = None

    def query(self) -> Query:
        root = self._any()
        if self._at < len(self._text):
            raise self._bad("this parenthesis was never opened", self._at)
        if root is None and self._limit is None:
            raise self._bad("nothing is asked for", self._at)
        return Query(root, self._limit)

    def _any(self) -> Expression | None:
        first = self._all()
        parts = [] if first is None else [first]
        while found := _OR.match(self._text, self._at):
            start, self._at = self._at, found.end()
            part = self._all()
            if part is None or not parts:
                raise self._bad("OR stands between two things", start)
            parts.append(part)
        return any_of(parts) if parts else None

    def _all(self) -> Expression | None:
        parts = []
        while self._is_at_term():
            term = self._term()
            if term is not None:
                parts.append(term)
        return all_of(parts) if parts else None

    def _is_at_term(self) -> bool:
        self._at = self._end_of(_SPACE)
        at_end = self._at == len(self._text) or self._text[self._at] == ")"
        return not at_end and _OR.match(self._text, self._at) is None

    def _term(self) -> Expression | None:
        """The next term; None where it was the limit, which restricts nothing."""
        start = self._at
        signs = _NEGATION.match(self._text, start)
        if signs is not None:
            self._at = signs.end()
            if _OR.match(self._text, self._at):
                raise self._bad("OR stands between two things", self._at)
        match self._text[self._at]:
            case "(":
                term: Expression | None = self._group()
            case '"':
                term = self._phrase()
            case _:
                term = self._word_or_filter(is_negated=signs is not None)
        is_odd = signs is not None and len(signs.group()) % 2 == 1
        return negation(term) if is_odd and term is not None else term

    def _group(self) -> Expression:
        start = self._at
        self._at += 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._bad(f"parentheses go {DEEPEST} deep at most", start)
        inner = self._any()
        if self._at == len(self._text):
            raise self._bad("this parenthesis is never closed", start)
        if inner is None:
            raise self._bad("there is nothing between these parentheses", start)
        self._at += 1
        self._depth -= 1
        return inner

    def _phrase(self) -> Phrase:
        return Phrase(self._between_quotes())

    def _between_quotes(self) -> str:
        start = self._at
        found = _QUOTED.match(self._text, start)
        if found is None:
            raise self._bad("this quote is never closed", start)
        if not found[1].strip():
            raise self._bad("there is nothing between these quotes", start)
        self._at = found.end()
        return _ESCAPED.sub(r"\1", found[1])

    def _word_or_filter(self, *, is_negated: bool) -> Expression | None:
        start, end = self._at, self._end_of(_RUN)
        found = _KEY.match(self._text, start, end)
        name = found[1].casefold() if found is not None else ""
        if found is not None and name in _KEYS:
            self._at = found.end()
            return self._filter(Key(name), start, is_negated=is_negated)
        if found is not None and self._is_meant_as_key(found):
            raise self._bad(_unknown(found[1]), start)
        self._at = end
        return Word(self._text[start:end])

    def _is_meant_as_key(self, found: re.Match[str]) -> bool:
        """Claim: the letters before this sign are a filter that does not exist, not the beginning of a word.

        `10:30`, `https://...`, `e=mc2` and `Rome:` are words. `colour:red` looks like a filter: to look for
        something else in silence would be no help.
        """
        follows = self._text[found.end() : found.end() + 2]
        if not follows or follows[0].isspace() or follows[0] == ")" or follows == "//":
            return False
        if found[2] == "=":
            return _nearest(found[1]) is not None
        return len(found[1]) >= _KEY_MIN_CHARS

    def _filter(self, key: Key, start: int, *, is_negated: bool) -> Filter | None:
        value_start = self._at
        is_quoted = self._text[value_start : value_start + 1] == '"'
        text = self._between_quotes() if is_quoted else self._run()
        if not text:
            raise self._bad(f"{key}: needs a value, such as {values.EXAMPLES[key]}", value_start)
        radius = self._run() if is_quoted and key is Key.NEAR and self._text[self._at : self._at + 1] == "~" else ""
        try:
            if key is Key.LIMIT:
                self._set_limit(text, is_inside=is_negated or self._depth > 0)
                return None
            if key is Key.NEAR:
                return Filter(key, values.read_near(text, radius, is_quoted=is_quoted))
            return Filter(key, values.READERS[key](text))
        except ValueError as error:
            raise self._bad(f"{key}: {error}", start if key is Key.LIMIT else value_start) from None

    def _set_limit(self, text: str, *, is_inside: bool) -> None:
        if is_inside:
            raise ValueError("belongs to the whole query, not into a part of it")
        if self._limit is not None:
            raise ValueError("is given twice")
        self._limit = values.read_limit(text)

    def _run(self) -> str:
        start, self._at = self._at, self._end_of(_RUN)
        return self._text[start : self._at]

    def _end_of(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        return self._at if found is None else found.end()

    def _bad(self, reason: str, position: int) -> BadQuery:
        return BadQuery(reason, self._text, position)


def _nearest(name: str) -> str | None:
    return next(iter(difflib.get_close_matches(name.casefold(), _KEYS, n=1, cutoff=0.7)), None)


def _unknown(name: str) -> str:
    nearest = _nearest(name)
    if nearest is not None:
        return f"there is no filter {name!r}: did you mean {nearest}?"
    return f"there is no filter {name!r} (put quotes around it to look for the words); there are {', '.join(_KEYS)}"
