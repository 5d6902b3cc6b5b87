"""FHIR R4 in: questionnaires become instruments, responses become answers.

elements        what both share: extensions, weights, texts in several languages
questions       single questions of a questionnaire
questionnaire   a `Questionnaire` as an instrument of the site's own
values          one answer as the integer that is stored
files           the responses of a file
responses       the answers and stored totals of `QuestionnaireResponse`s
"""
