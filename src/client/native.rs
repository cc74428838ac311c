//! The native case API over HTTP.
