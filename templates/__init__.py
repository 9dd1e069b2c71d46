"""What is put onto a host or into a page, shipped in the wheel as supersvg_cloud.templates."""
