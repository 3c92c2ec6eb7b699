//! Python's text formats without Python's objects: numbers, format specifications, codecs, escapes.
