using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using LoraLab.Web.Components;
using Xunit;

namespace LoraLab.Tests.Web.Components;

/// <summary>Markdown becomes HTML that nobody can hide a script, a form or a picture of another host in.</summary>
public sealed class MarkdownHtmlTests
{
    [Fact]
    public void Of_Markdown_IsFormatted()
    {
        string html = MarkdownHtml.Of("# Rank\n\n- **8** is enough, see [run](runs/a1)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`x < y`");

        IDocument page = Parse(html);
        Assert.Equal("Rank", page.QuerySelector("h1")!.TextContent);
        Assert.Equal("8", page.QuerySelector("li strong")!.TextContent);
        Assert.Equal("runs/a1", page.QuerySelector("a")!.GetAttribute("href"));
        Assert.Equal("2", page.QuerySelector("tbody td:last-child")!.TextContent);
        Assert.Equal("x < y", page.QuerySelector("code")!.TextContent);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("text <img src=x onerror=alert(1)> text")]
    [InlineData("<iframe src='https://example.org'></iframe>\n\n<style>*{display:none}</style>")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("[x](JaVaScRiPt:alert(1))")]
    [InlineData("[x](java&#10;script:alert(1))")]
    [InlineData("[x](<java\tscript:alert(1)>)")]
    [InlineData("[x](data:text/html;base64,PHNjcmlwdD4=)")]
    [InlineData("[x](vbscript:msgbox(1))")]
    [InlineData("[x][1]\n\n[1]: javascript:alert(1)")]
    [InlineData("<javascript:alert(1)>")]
    [InlineData("![x](https://example.org/seen.png)")]
    [InlineData("![x](javascript:alert(1))")]
    [InlineData("[x](https://a.example \"\\\" onmouseover=alert(1) x=\\\"\")")]
    [InlineData("```\" onload=alert(1) x=\"\n</code><script>alert(1)</script>\n```")]
    [InlineData("a | <script>alert(1)</script>\n--|--\n<form action=//x><input> | [y](javascript:1)")]
    public void Of_Markup_IsNoMarkup(string text)
    {
        IDocument page = Parse(MarkdownHtml.Of(text));

        Assert.Empty(page.QuerySelectorAll("script,img,iframe,style,form,input,svg,object,embed,link,meta,base"));
        Assert.All(page.QuerySelectorAll("body *"), element => Assert.All(
            element.Attributes, attribute => Assert.DoesNotMatch("^(on|src|style|action|formaction)", attribute.Name)));
        Assert.All(page.QuerySelectorAll("a"), link => Assert.Matches("^$|^https://|^[^:]*$", link.GetAttribute("href") ?? ""));
    }

    [Fact]
    public void Of_TextThatLooksLikeHtml_IsShownAsItWasWritten() =>
        Assert.Contains("a <b> c", Parse(MarkdownHtml.Of("a <b> c")).Body!.TextContent, StringComparison.Ordinal);

    private static IDocument Parse(string html) => new HtmlParser().ParseDocument(html);
}
