"""The client's pages: own answers over time, who sees them, when to be asked, own data.

Server-rendered, without a script. Each text is one that a client of twelve understands.
"""
