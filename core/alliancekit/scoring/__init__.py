"""Pure functions over answers and series: no I/O, no clock, no settings read.

scales      check answers, score an instrument's scales by its key
arithmetic  how a scale's value comes from its items, for one response and for columns
change      reliable and clinically significant change
strain      possible strain and repair in a series of sessions
control     a control chart of one's own earlier sessions
rules       simple rules about the newest session; which rules have too few sessions
congruence  client and therapist beside each other
talk        who spoke how much
"""
