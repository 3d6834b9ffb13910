"""What a phase portrait draws: paths over time, or how long each place was held."""
