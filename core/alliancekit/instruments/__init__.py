"""Measures as data.

model      what an instrument is
checks     what must hold between its parts
schema     the published JSON Schema, made from the model
loader     read one from a JSON or TOML file
catalogue  keep them by name and form, show one in a language
"""
