-- The owners on a page, for its filter.
CREATE INDEX newest_by_page ON newest (page, kind, name) WHERE page IS NOT NULL;
