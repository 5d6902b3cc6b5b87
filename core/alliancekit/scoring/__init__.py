"""Pure functions over answers and series: no I/O, no clock, no settings read.

scales      check answers, score an instrument's scales by its key
arithmetic  how a scale's value comes from its items, for one response and for columns
stored      compare a stored score with the one that the key gives
change      reliable and clinically significant change
strain      possible strain and repair in a series of sessions, fixed rules, control chart
congruence  client and therapist beside each other
talk        who spoke how much
"""
