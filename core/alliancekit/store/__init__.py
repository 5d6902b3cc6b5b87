"""The database: one schema, SQLite and PostgreSQL.

base        Database, what both dialects keep
database    open_database(url) → Database: write(work), read(work), close()
tables      the schema
migrate     upgrade(url), current(url), is_at_head(url)
tenants     tenants and their keys
sessions    episodes, sessions, participants
presence    who was there when, who was heard
prompts     prompts and their deliveries
feedback    the submission of answers
series      an episode's series: responses, scores, signals, guidance
answers     all answers to one instrument, for statistics
plugin_data what plugins keep for themselves
erasure     an episode and everything of it, deleted
outbox      rows of durable work (`alliancekit.outbox` runs them)
audit       the append-only audit entries

Repositories are plain functions on a SQLAlchemy Core `Connection`; `Database` decides where and in which
transaction they run.
"""
