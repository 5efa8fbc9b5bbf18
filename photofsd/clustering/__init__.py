"""Who is who: faces that look alike are put together, under the user's and the files' word. Numbers, and a child."""
