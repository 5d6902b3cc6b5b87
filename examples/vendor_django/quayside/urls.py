"""Which address leads where."""

from __future__ import annotations

from django.urls import path

from quayside import views

urlpatterns = [
    path("", views.door, name="door"),
    path("desk/", views.desk, name="desk"),
    path("board/", views.board, name="board"),
    path("hooks/alliance/", views.told),
    path("visits/<int:number>/<slug:role>/", views.visit, name="visit"),
    path("visits/<int:number>/<slug:role>/signal/", views.signal),
    path("visits/<int:number>/<slug:role>/end/", views.end),
]
