"""What is sealed is made small first: field names and phrases come again in every payload.

A history is kept for years, and holds each entry of a file with all of its names. The dictionary
below is what every message begins by knowing, so that short ones shrink as well. It is part of what
histories are read by: a byte of it changed, and nothing that was sealed before opens any more. What
has new words that are worth it gets a dictionary and a sign of its own.
"""

import zlib

_FROM = 60
"""Bytes of a content that is packed; a shorter one hardly becomes less."""

_MOST = 4 * 1024 * 1024
"""Bytes of a content that is packed, and unpacked: four times what our server takes in one. More
is left as it is, for the server to refuse."""

_SIGN = b"z"
"""Before a content that is packed. No payload begins so: a message of Protocol Buffers begins with
the number of a field, and a payload has few."""

_WORDS = (
    # The rarer first: what stands nearer to the end is the cheaper to point at.
    '"application":{"county":"village":"tier":"national","figures":{"poor":,"population":,"as_of":"'
    '"income_growth_percent":"education":{"met":true,"statement":"culture":"health":"mean":'
    '"policy":"opening":"subject":{"code":"county_code":"township_code":"households":[{"household":"'
    '"courses":{"in_favour":"findings":[{"id":"S3.incidence","met":true,"notice":{"notice_id":"'
    '/notice-","title":"关于","markdown":"# 关于","sha256":"","resolution":{"objection":{"id":"'
    '"outcome":{"ending":"exited","by":"decision":"approve","reject","return","return_to":"'
    '"document_number":"合成〔","reason":"received_at":"'
    "扶贫开发领导小组、人民政府村民委员会、驻村工作队、第一书记河南省"
    '"limit":{"clause":"T1","kind":"minimum","maximum","fixed","due":"-01T00:00:00+08:00",'
    '"last_day":"","target":null,"provisional":false,"zh":"'
    "，当日不计，第7日为年月日（周二），当日24时届满；故期限为日内：收到，"
    '","en":"T3, within  days: from receipt on , that day not counted, day  is  (Wednesday); it '
    'ends at 24:00 of that day","request":{"clause":"","start":"","year":20'
    '"office":"A7/410000","office_name":"","subject":"","breached":false}]},"tellings":['
    '{"notifications":[{"case_id":"county-exit/village-exit/household-exit/","seq":,"number":1,'
    '"topic":"办理","recipient":{"name":"","office":"A5/","township":null,"contact":null},'
    '"subject":"【贫困退出】年度：待办","text":"本步骤无规定期限。"}],"tried_for":"P3D"}],'
    '"data":{"told":[{"topic":"办理","recipient":"","subject":"【贫困退出】'
    "交发通知1件：市级初审省级核查公告公示上报审批接受检查批准退出办结：由办理"
    '"data":{"act":{"id":"","step":"","decision":"approve","office":"A6/41","officer":"'
    '{"brings":{"case_id":"county-exit/41","run":"01","token":"","entries":[{"seq":,'
    '"kind":"limit_set","kind":"notified","kind":"step_done","kind":"step_opened","kind":"act","at":"'
    '","step":"C2","round":1,"actor":"case","text":"","data":{},"previous":"","hash":"'
    '"}],"state":{"case_id":"","procedure":"county","village","household","subject_code":"",'
    '"subject_name":"","year":20,"region":["410000","41'
    '"],"step":"","round":1,"waiting_for":null,"deadline":null,"overdue":false,"open_objections":0,'
    '"outcome":null,"limits":[]},"tellings":[],"known":{"since":20,"digest":"'
    '"message_id":"","received_at":"写入案卷 {"count":,"calendar":null}json/plain'
).encode()


def packed(content: bytes) -> bytes:
    """A content as it is sealed."""
    if not _FROM <= len(content) <= _MOST:
        return content
    packer = zlib.compressobj(zdict=_WORDS)
    return _SIGN + packer.compress(content) + packer.flush()


def unpacked(content: bytes) -> bytes:
    """A content that was sealed, as it was.

    Raises:
        ValueError: if it is none.
    """
    if not content.startswith(_SIGN):
        return content
    opener = zlib.decompressobj(zdict=_WORDS)
    try:
        found = opener.decompress(content[1:], _MOST)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not opener.eof or opener.unused_data:
        raise ValueError("it does not end where it should")
    return found
