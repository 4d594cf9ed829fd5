"""The ground: errors, configuration, paging, time, secrets, outbound HTTP, the HTTP edge."""
