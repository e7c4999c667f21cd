"""What pydantic says of a wrong value, in Chinese for the person who typed it. The value itself is never repeated: it may be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXTS: Mapping[str, str] = {
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "dict_type": "应为一组“键 = 值”",
    "extra_forbidden": "没有这个设置项",
    "finite_number": "应为有限的数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "int_from_float": "应为整数",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "list_type": '应为列表，如 ["甲", "乙"]',
    "literal_error": "应为 {expected}",
    "missing": "缺少此项",
    "model_attributes_type": "应为一组“键 = 值”",
    "model_type": "应为一组“键 = 值”",
    "string_pattern_mismatch": "应符合 {pattern}",
    "string_too_short": "不得为空",
    "string_type": "应为文字",
    "time_parsing": "应为时间，如 08:30:00",
    "time_type": "应为时间，如 08:30:00",
    "too_short": "不得为空",
    "tuple_type": '应为列表，如 ["甲", "乙"]',
}


def complaint(problem: Mapping[str, Any]) -> str:
    """Return one problem of a `ValidationError` as a short Chinese text; what a plug-in's own validator says is passed on as it is."""
    if problem["type"] == "string_pattern_mismatch" and "@" in str(problem.get("ctx", {}).get("pattern")):
        return "应为邮件地址，如 name@example.gov.cn"
    text = _TEXTS.get(problem["type"])
    if text is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    return text.format(**problem.get("ctx", {}))
