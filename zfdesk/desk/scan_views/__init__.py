"""What a scan opens: nearest pictures, their map, boxes on whole pictures, Fig. 2, object or background."""
