"""Measures as data.

model      what an instrument is
keys       the key of a scale as integers
checks     what must hold between its parts
schema     the published JSON Schemas, made from the models
loader     read one from a JSON or TOML file
catalogue  keep them by name and form, show one in a language
packs      the wording that a site supplies
site       the site's folder: text packs and instruments of its own
imports    bring a file into that folder
fhir       questionnaires and responses of FHIR R4
"""
