"""What helps while a plugin is being written; a running service uses nothing of it.

recording  the events of a session in a file, and a plugin that writes them
replay     feed a recorded session to a plugin and see what it answers, and how fast
mistakes   show what a plugin raised, with its file and line
watch      run the demo with the plugin and start again when a file is saved
"""
