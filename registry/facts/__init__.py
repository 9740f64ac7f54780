"""What the register knows of a subject on a day, for its procedure.

What an application is held against is gathered by one function a procedure, all of one shape:
session, application, the day in Beijing as of which place and standing are looked up, and
``besides``, the id of the case itself, which is not counted as another one.
"""
