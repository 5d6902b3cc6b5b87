"""The supervisor's pages: consenting cases without names, open strains first, and what the rules mean."""
