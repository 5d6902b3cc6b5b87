"""The therapist's pages: frozen views in, HTML out; no database, no clock, no network.

views       what a page shows, as frozen dataclasses; the server fills them
render      `render_caseload`, `render_episode`, `render_sign_in`, `render_error`, the headers
chart       the trend and its small multiples, as SVG
talk_chart  the talk-balance bar and the strip beside a check-in item
svg         the SVG elements they are made of
series      the numbers behind them: latest, earlier, own range
words       the pages' English
"""
