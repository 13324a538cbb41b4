"""Values for laws, as hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from truewheel.model.variants import Property

names = st.text("abcxyz019_", min_size=1, max_size=9)
values = st.text("abcxyz019_.", min_size=1, max_size=9)
properties = st.builds(Property, namespace=names, feature=names, value=values)
