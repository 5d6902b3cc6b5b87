"""Measures as data.

model      what an instrument is
checks     what must hold between its parts
schema     the published JSON Schemas, made from the models
loader     read one from a JSON or TOML file
keys       the key of a scale as integers
catalogue  keep them by name and form, show one in a language
"""
