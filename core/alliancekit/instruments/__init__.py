"""Measures as data.

model      what an instrument is
loader     read one from a JSON file
catalogue  keep them by name and form, show one in a language
"""
