using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace LoraLab.Web.Components;

/// <summary>
/// Converts Markdown into HTML that is safe to show, whoever wrote it: HTML in it is shown as text, links lead to the web or within the
/// dashboard and nowhere else, and pictures are links to them, since a picture would tell its host who reads the note.
/// </summary>
internal static class MarkdownHtml
{
    private static readonly MarkdownPipeline _pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseAutoLinks().Build();

    internal static string Of(string text)
    {
        MarkdownDocument document = Markdig.Markdown.Parse(text, _pipeline);
        foreach (LinkInline link in document.Descendants<LinkInline>().ToList())
        {
            link.Url = SafeAddress(link.GetDynamicUrl?.Invoke() ?? link.Url);
            link.GetDynamicUrl = null;
            link.IsImage = false;
            Protect(link);
        }

        foreach (AutolinkInline link in document.Descendants<AutolinkInline>().ToList())
        {
            link.Url = link.IsEmail ? link.Url : SafeAddress(link.Url);
            Protect(link);
        }

        return document.ToHtml(_pipeline);
    }

    /// <summary>The address, if it is one of the web or relative to the page; else an empty one.</summary>
    private static string SafeAddress(string? address)
    {
        // A browser ignores control characters and spaces in a scheme: they are removed before it is read.
        string plain = new([.. (address ?? "").Where(letter => letter > ' ' && !char.IsControl(letter))]);
        int colon = plain.IndexOf(':', StringComparison.Ordinal);
        bool hasScheme = colon >= 0 && plain.IndexOfAny(['/', '?', '#']) is int first && (first < 0 || colon < first);
        return !hasScheme || new[] { "http", "https", "mailto" }.Contains(plain[..colon].ToLowerInvariant()) ? plain : "";
    }

    private static void Protect(MarkdownObject link)
    {
        HtmlAttributes attributes = link.GetAttributes();
        attributes.AddPropertyIfNotExist("rel", "noopener noreferrer nofollow");
    }
}
