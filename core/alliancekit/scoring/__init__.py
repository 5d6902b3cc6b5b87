"""Pure functions over answers and series: no I/O, no clock, no settings read.

scales      check answers, score an instrument's scales by its key
arithmetic  how a scale's value comes from its items, for one response and for columns
stored      compare a stored score with the one that the key gives
change      reliable and clinically significant change
strain      possible strain and repair in a series of sessions
control     a control chart of one's own earlier sessions
rules       simple rules about the newest session; which rules have too few sessions
congruence  client and therapist beside each other
agreement   their limits of agreement and Lin's concordance
talk        who spoke how much

With numpy (extra `research`):

surface       fit a response surface: client, therapist, outcome
onefactor     one common factor behind the items of a scale
coefficients  α, ω, item-total correlations of a table of answers
reliability   all of that for an instrument's scales and items
"""
