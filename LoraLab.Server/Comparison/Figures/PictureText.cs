using System.Reflection;
using OxyPlot;
using SkiaSharp;
using SkiaSharp.HarfBuzz;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>
/// Text in the font that the server carries, DejaVu Sans: Latin, Greek, Cyrillic, Hebrew, Arabic and symbols, shaped in the direction of
/// its script. Characters that the font lacks are drawn as boxes.
/// </summary>
internal sealed class PictureText : IDisposable
{
    private static readonly Lazy<SKTypeface> _font = new(() =>
    {
        using Stream file = Assembly.GetExecutingAssembly().GetManifestResourceStream("DejaVuSans.ttf")
            ?? throw new InvalidOperationException("The font of pictures is missing from the assembly.");
        return SKTypeface.FromStream(file);
    });

    private readonly SKShaper _shaper = new(_font.Value);
    private readonly SKPaint _paint = new() { IsAntialias = true, Typeface = _font.Value };

    public void Dispose()
    {
        _shaper.Dispose();
        _paint.Dispose();
    }

    public OxySize Measure(string text, float size, bool bold)
    {
        Set(size, bold);
        double width = Runs(text).Sum(run => _shaper.Shape(run, _paint).Width);
        return new OxySize(width, _paint.FontMetrics.Descent - _paint.FontMetrics.Ascent);
    }

    /// <summary>Draws text below and to the right of the origin.</summary>
    public void Draw(SKCanvas canvas, string text, float size, bool bold, SKColor color)
    {
        Set(size, bold);
        _paint.Color = color;
        float left = 0;
        foreach (string run in Runs(text))
        {
            canvas.DrawShapedText(_shaper, run, left, -_paint.FontMetrics.Ascent, _paint);
            left += _shaper.Shape(run, _paint).Width;
        }
    }

    /// <summary>The parts of a text from left to right, each in one direction; words written from right to left stay together.</summary>
    internal static IEnumerable<string> Runs(string text)
    {
        int start = 0;
        int end = 0;
        bool isRight = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsLetter(text[i]) || IsRightToLeft(text[i]) == isRight)
            {
                end = char.IsLetter(text[i]) || !isRight ? i + 1 : end;
                continue;
            }

            // Signs after a word from right to left belong to what follows.
            int cut = isRight ? end : i;
            if (cut > start)
            {
                yield return text[start..cut];
            }

            (start, end, isRight) = (cut, i + 1, !isRight);
        }

        if (isRight && end < text.Length)
        {
            yield return text[start..end];
            start = end;
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }

    private static bool IsRightToLeft(char letter) =>
        letter is (>= '\u0590' and <= '\u08ff') or (>= '\ufb1d' and <= '\ufdff') or (>= '\ufe70' and <= '\ufeff');

    private void Set(float size, bool bold)
    {
        _paint.TextSize = size;
        _paint.FakeBoldText = bold;
    }
}
