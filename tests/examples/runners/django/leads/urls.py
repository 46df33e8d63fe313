from django.urls import path

from leads import views

urlpatterns = [
    path("leads/<str:lead_id>/close", views.close),
    path("webhooks/sendpilot", views.receive),
]
