"""The metrics: `table` says what there is, `registry` holds it, `gauges` are a picture of a `rollup`, `exposition` writes the page."""
