"""The explorer: schedules of changes and disruptions that a receiver does not survive."""
