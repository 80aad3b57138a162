namespace LoraLab.Server.Comparison;

/// <summary>The style sheet of an exported page.</summary>
internal static class CompareHtmlStyle
{
    private const string Light = ":root { --ink: #1b2130; --paper: #fff; --line: #c3cad6; --soft: #f3f5f9; color-scheme: light; }";
    private const string Dark = ":root { --ink: #e4e8f0; --paper: #161b24; --line: #3b465a; --soft: #1d2430; color-scheme: dark; }";

    private const string Layout = """
        body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
        main { max-width: 75rem; margin: 0 auto; padding: 1.5rem; }
        .verdict { font-size: 1.15rem; font-weight: 600; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; }
        th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
        th { background: var(--soft); }
        .number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
        figure { margin: 1.5rem 0; }
        img { max-width: 100%; height: auto; }
        figcaption { position: absolute; clip-path: inset(50%); }
        """;

    /// <summary>The style sheet of a theme; null: that of the reader's system.</summary>
    public static string Of(string? theme) => theme switch
    {
        "light" => $"{Light}\n{Layout}",
        "dark" => $"{Dark}\n{Layout}",
        _ => $"{Light}\n@media (prefers-color-scheme: dark) {{ {Dark} }}\n{Layout}",
    };
}
