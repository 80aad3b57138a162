using MudBlazor;

namespace LoraLab.Web.Layout;

/// <summary>Colors and fonts of MudBlazor; <c>css/base.css</c> has the same values for our own elements.</summary>
internal static class LabTheme
{
    private static readonly string[] _fonts =
    [
        "-apple-system", "BlinkMacSystemFont", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif",
    ];

    internal static MudTheme Theme { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#3b5bdb",
            Secondary = "#0b7285",
            Background = "#f6f7f9",
            Surface = "#ffffff",
            TextPrimary = "#1b2130",
            TextSecondary = "#566074",
            ActionDefault = "#566074",
            LinesDefault = "#e1e5ec",
            LinesInputs = "#c3cad6",
            TableLines = "#e9ecf1",
            TableHover = "#f2f4f8",
            Divider = "#e1e5ec",
            Success = "#1f7031",
            Warning = "#944a00",
            Error = "#b52323",
            Info = "#1864ab",
            HoverOpacity = 0.05,
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#8ba2ff",
            PrimaryContrastText = "#0f1420",
            Secondary = "#66d9e8",
            Background = "#0e1117",
            BackgroundGray = "#0e1117",
            Surface = "#161b24",
            TextPrimary = "#e4e8f0",
            TextSecondary = "#9aa5b8",
            ActionDefault = "#9aa5b8",
            LinesDefault = "#273041",
            LinesInputs = "#3b465a",
            TableLines = "#222a38",
            TableHover = "#1b212c",
            Divider = "#273041",
            Success = "#69db7c",
            Warning = "#ffa94d",
            Error = "#ff8787",
            Info = "#74c0fc",
            HoverOpacity = 0.07,
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = _fonts, FontSize = "0.875rem", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = _fonts, FontSize = "0.875rem", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = _fonts, FontSize = "0.8125rem", LetterSpacing = "normal" },
            Subtitle1 = new Subtitle1Typography { FontFamily = _fonts, FontSize = "0.875rem", LetterSpacing = "normal" },
            Button = new ButtonTypography
            {
                FontFamily = _fonts,
                FontSize = "0.8125rem",
                FontWeight = "600",
                TextTransform = "none",
                LetterSpacing = "normal",
            },
            Caption = new CaptionTypography { FontFamily = _fonts, LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = _fonts, FontSize = "1.0625rem", FontWeight = "600", LetterSpacing = "normal" },
        },
    };
}
