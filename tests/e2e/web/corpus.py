"""Texts as models and attackers write them."""

from typing import Final

MARKDOWN: Final = {
    "plain": ("Hello there.\nSecond line.\n\nThird *em* **strong** ~~del~~ `code`.\n"),
    "headings": (
        "# One\n"
        "\n"
        "## Two\n"
        "### Three\n"
        "text\n"
        "#### Four #\n"
        "\n"
        "Setext\n"
        "===\n"
        "\n"
        "Other\n"
        "---\n"
        "more\n"
        "***\n"
        "last\n"
    ),
    "nested": (
        "- a\n"
        "  - b\n"
        "    - c\n"
        "      text\n"
        "  - d\n"
        "\n"
        "- e\n"
        "\n"
        "  para\n"
        "\n"
        "  ```py\n"
        "  x = 1\n"
        "  ```\n"
        "1. one\n"
        "2. two\n"
        "   * x\n"
        "   * y\n"
        "10. ten\n"
        "\n"
        "2) other\n"
        "3) more\n"
        "\n"
        "end\n"
    ),
    "ordered-late": ("1. a\n\n2. b\n\n2\n. c\n\n- x\n\n-\n-- y\n\n- z\n- - -\n- q\n---\n"),
    "tasks": ("- [ ] one\n- [x] two\n\n- [X] three\n  - [ ] four\n"),
    "fence": (
        "Before\n"
        "```python\n"
        "def f():\n"
        "\n"
        "    return '<b>'\n"
        "```\n"
        "after\n"
        "~~~\n"
        "open ``` inside\n"
        "~~~\n"
        "```js\n"
        "let a = 1;\n"
        "``\n"
        "```x\n"
        "````\n"
        "still\n"
    ),
    "halfopen": ("text\n\n````md\n```py\ninner\n```\nrest **not bold**\n\n\nmore"),
    "indented": ("para\n\n    code\n\n    more code\n\n\ttab\nend\n"),
    "table": (
        "Intro\n"
        "| a | b |\n"
        "|:--|--:|\n"
        "| 1 | `x` |\n"
        "| **2** | [l](https://e.x) |\n"
        "not a row?\n"
        "\n"
        "| lonely |\n"
        "\n"
        "a | b\n"
        "--|--\n"
        "1 | 2\n"
        "- list\n"
    ),
    "links": (
        '[a](https://a.example "t") <https://b.example> https://c.example/x?y=1'
        "&z=2. www.d.example me@e.example\n"
        "[js](javascript:alert(1)) [rel](/path) [data](data:text/html,x) ![pic]"
        "(https://p.example/x.png) [![badge](https://p.example/b.svg)](https://"
        "q.example)\n"
    ),
    "refs": (
        "See [one][1] and [Two] and [three][].\n"
        "\n"
        "- item [one][1]\n"
        "- other\n"
        "\n"
        "> quote [two]\n"
        "\n"
        '[1]: https://one.example "One"\n'
        "[two]: <https://two.example>\n"
        "Text [three].\n"
        "\n"
        "[three]: https://three.example\n"
        "[1]: https://again.example\n"
        "\n"
        "[late]: /url\n"
        "'tit\n"
        "le'\n"
    ),
    "html": (
        "<b>bold</b> and <script>alert(1)</script>\n"
        "\n"
        "<div>\n"
        "**x**\n"
        "</div>\n"
        "\n"
        "<!-- comment\n"
        "\n"
        "still? -->\n"
        "\n"
        "after <img src=x onerror=alert(1)>\n"
        "<di\n"
        "<div\n"
        "<div>\n"
    ),
    "quote": ("> a\nlazy\n> - b\n>   c\n> > nested\n> ```\n> code\n\n> second\n\nend\n"),
    "emphasis": (
        "**bo\n"
        "ld** *a **b** c* ***x*** _u_ snake_case_word **unclosed\n"
        "\n"
        "*also\n"
        "\n"
        "`tick\n"
        "\n"
        "``a ` b``\n"
    ),
    "breaks": ("a  \nb\\\nc\nd\n\n\n\ne\n   \n f\n"),
    "crlf": ("a\r\nb\r\n\r\n- c\r\n- d\r\n\r\n```\r\nx\r\n```\r\n"),
    "entities": ("&lt;b&gt; &amp;amp; &#60;script&#62; &copy; & < > \" '\n\n`&lt;`\n"),
    "unicode": ("😀 ❤️ 日本語 العربية\n- 😀\n- \u202eabc\n\n| ü |\n|---|\n| 😀 |\n\x00x\n"),
    "mixed": (
        "### Answer\n"
        "Here:\n"
        "1. **First** thing:\n"
        "   ```bash\n"
        '   echo "hi" | cat\n'
        "   ```\n"
        "2. Second\n"
        "\n"
        "   More.\n"
        "3. Third\n"
        "\n"
        "---\n"
        "\n"
        "| Name | Value |\n"
        "|------|------:|\n"
        "| x    | 1     |\n"
        "\n"
        "Done. See <https://smriti.example>.\n"
        "\n"
        "* * *\n"
        "\n"
        "+ plus\n"
        "+ plus\n"
    ),
    "interrupted": (
        "<div>=== **b** \n| **b**\n- [\n\ntext\n2. y\n- .\n\n| +\n2. y\n- -\n- a\n--\nb\n"
    ),
    "long list": "Items:\n"
    + "".join(f"- **{n}** item of a `list`\n" for n in range(300))
    + "\nEnd.\n",
    "late loose": "".join(f"{n}. item {n} with [a link][l]\n" for n in range(200))
    + "\n   more\n200. last\n\n[l]: https://l.example\n",
    "long table": "Rows:\n| a | b |\n|---|--:|\n"
    + "".join(f"| {n} | **{n * n}** |\n" for n in range(400))
    + "\nEnd.\n",
}

ATTACKS: Final = (
    "<script>hacked = 1</script>",
    "<scr<script>ipt>hacked = 1</scr</script>ipt>",
    "<img src=x onerror=hacked=1>",
    "<IMG SRC=JaVaScRiPt:hacked=1>",
    '<img src="x` `<script>hacked=1</script>"` `>',
    "<svg/onload=hacked=1>",
    "<svg><animate onbegin=hacked=1 attributeName=x dur=1s>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'/>#x\">",
    "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=hacked=1&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=hacked=1>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=hacked=1>",
    "<body onload=hacked=1>",
    '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
    "<iframe src=javascript:hacked=1>",
    "<object data=javascript:hacked=1>",
    "<embed src=javascript:hacked=1>",
    "<base href=javascript:hacked=1//>",
    "<link rel=stylesheet href=https://e.example/x.css>",
    '<meta http-equiv=refresh content="0;url=javascript:hacked=1">',
    "<style>@import 'https://e.example/x.css'; * { color: red }</style>",
    "<details open ontoggle=hacked=1>",
    "<input autofocus onfocus=hacked=1>",
    "<video><source onerror=hacked=1></video>",
    "<marquee onstart=hacked=1>",
    "<a href=javascript:hacked=1>x</a>",
    "<template><script>hacked=1</script></template>",
    "<div style=background:url(https://e.example/x)>x</div>",
    "<!--><script>hacked=1</script>-->",
    "<![CDATA[<script>hacked=1</script>]]>",
    "<?xml version=1?><script>hacked=1</script>",
    "&lt;script&gt;hacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=hacked=1&#62;",
    "[x](javascript:hacked=1)",
    "[x](JAVASCRIPT:hacked=1)",
    "[x]( javascript:hacked=1)",
    "[x](java&#x0A;script:hacked=1)",
    "[x](java\tscript:hacked=1)",
    "[x](&#x6A;avascript&colon;hacked=1)",
    "[x](javascript&#58;hacked=1)",
    "[x](\x01javascript:hacked=1)",
    "[x](vbscript:hacked=1)",
    "[x](data:text/html;base64,PHNjcmlwdD5oYWNrZWQ9MTwvc2NyaXB0Pg==)",
    "[x](blob:https://e.example/1)",
    "[x](file:///etc/passwd)",
    '[x](https://e.example/"onmouseover="hacked=1)',
    '[x](https://e.example "t" onmouseover="hacked=1")',
    "[x](<javascript:hacked=1>)",
    "<javascript:hacked=1>",
    "[x][1]\n\n[1]: javascript:hacked=1",
    "![x](javascript:hacked=1)",
    '![x" onerror="hacked=1](https://e.example/x.png)',
    "![](https://e.example/`onerror=hacked=1)",
    "```<img src=x onerror=hacked=1>\n</code></pre><script>hacked=1</script>\n```",
    '```x" onmouseover="hacked=1\n1\n```',
    "`</code><script>hacked=1</script>`",
    "$<img src=x onerror=hacked=1>$",
    "**<b onclick=hacked=1>x</b>**",
    "# <img src=x onerror=hacked=1>",
    "[<img src=x onerror=hacked=1>](https://e.example)",
    "[![x](x onerror=hacked=1)](javascript:hacked=1)",
    "- [ ] <input type=image src=x onerror=hacked=1>",
    "${hacked=1} {{hacked=1}}",
    "<img name=getElementById>",
    "<form id=app><input name=body></form>",
    "<a id=hacked name=cookie>x</a>",
    "</textarea></title></style><script>hacked=1</script>",
    "![x](data:image/svg+xml,%3Csvg%20onload=hacked=1%3E)",
    "![x](https://e.example/told.png)",
    "https://e.example/<script>hacked=1</script>",
    "````\n```html\n<script>hacked=1</script>\n```\n````",
    "\u202e<script>hacked=1</script>\u2066",
    "<scr\0ipt>hacked=1</scr\0ipt>",
    ">" * 3000 + " x",
    "*" * 3000 + "x",
    "[" * 3000 + "x",
    "- " * 1000 + "x",
)

PROSE: Final = """# What grows where

Tea is a plant, and **what is green** or *black* is made of the same leaves.
See `camellia_sinensis`, or
[the garden](https://garden.example "A garden") and
<https://tea.example/a/very/long/address/that/does/not/fit/the/line/of/a/phone>.

## Steps

1. Warm the pot.
2. Take two spoons:
   - one for you,
   - one for the pot.

   They are small.
3. Wait.

- [x] Water
- [ ] Leaves

> It is good to wait.
>
> > Even longer.

| Tea | Minutes | Note |
|:----|--------:|:----:|
| Sencha | 2 | light, and with a name that is long enough to need some room in a table |
| Assam | 4 | strong |

### A program

```python
def brew(minutes: int) -> str:
    # Nobody drinks it sooner, whatever is said in the books that were written about it.
    return f"Tea after {minutes * 60} seconds"
```

---

```
no language
```

#### Smaller still

![A picture](https://p.example/tea.png) and raw <b>HTML</b>.
"""
