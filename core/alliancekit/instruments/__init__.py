"""Measures as data.

model      what an instrument is
keys       the key of a scale as integers
loader     read one from a JSON file
catalogue  keep them by name and form, show one in a language
"""
