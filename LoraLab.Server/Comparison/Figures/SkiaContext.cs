using OxyPlot;
using SkiaSharp;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>
/// Draws plots on a bitmap. OxyPlot's own package for this looks fonts up on the machine, where a server may have none.
/// </summary>
/// <param name="canvas">Where it draws.</param>
internal sealed class SkiaContext(SKCanvas canvas) : ClippingRenderContext, IDisposable
{
    private readonly PictureText _text = new();

    public void Dispose() => _text.Dispose();

    public override void DrawEllipse(OxyRect rect, OxyColor fill, OxyColor stroke, double thickness, EdgeRenderingMode edgeRenderingMode)
    {
        using SKPath path = new();
        path.AddOval(Rect(rect));
        Draw(path, fill, stroke, thickness, null);
    }

    public override void DrawLine(
        IList<ScreenPoint> points,
        OxyColor stroke,
        double thickness,
        EdgeRenderingMode edgeRenderingMode,
        double[]? dashArray,
        LineJoin lineJoin)
    {
        using SKPath path = new();
        path.AddPoly([.. points.Select(Point)], close: false);
        Draw(path, OxyColors.Undefined, stroke, thickness, dashArray);
    }

    public override void DrawPolygon(
        IList<ScreenPoint> points,
        OxyColor fill,
        OxyColor stroke,
        double thickness,
        EdgeRenderingMode edgeRenderingMode,
        double[]? dashArray,
        LineJoin lineJoin)
    {
        using SKPath path = new();
        path.AddPoly([.. points.Select(Point)], close: true);
        Draw(path, fill, stroke, thickness, dashArray);
    }

    public override void DrawText(
        ScreenPoint p,
        string text,
        OxyColor fill,
        string fontFamily,
        double fontSize,
        double fontWeight,
        double rotation,
        HorizontalAlignment horizontalAlignment,
        VerticalAlignment verticalAlignment,
        OxySize? maxSize)
    {
        if (string.IsNullOrEmpty(text) || !fill.IsVisible())
        {
            return;
        }

        OxySize size = MeasureText(text, fontFamily, fontSize, fontWeight);
        canvas.Save();
        canvas.Translate(Point(p));
        canvas.RotateDegrees((float)rotation);
        // -1, 0 and 1 are left, center and right, and top, middle and bottom.
        canvas.Translate(
            (float)(-size.Width * ((int)horizontalAlignment + 1) / 2), (float)(-size.Height * ((int)verticalAlignment + 1) / 2));
        _text.Draw(canvas, text, (float)fontSize, fontWeight > FontWeights.Normal, Color(fill));
        canvas.Restore();
    }

    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight) =>
        string.IsNullOrEmpty(text) ? OxySize.Empty : _text.Measure(text, (float)fontSize, fontWeight > FontWeights.Normal);

    protected override void SetClip(OxyRect clippingRectangle)
    {
        canvas.Save();
        canvas.ClipRect(Rect(clippingRectangle), antialias: true);
    }

    protected override void ResetClip() => canvas.Restore();

    private void Draw(SKPath path, OxyColor fill, OxyColor stroke, double thickness, double[]? dashes)
    {
        using SKPaint paint = new() { IsAntialias = true };
        if (fill.IsVisible())
        {
            paint.Color = Color(fill);
            canvas.DrawPath(path, paint);
        }

        if (stroke.IsVisible() && thickness > 0)
        {
            paint.Style = SKPaintStyle.Stroke;
            paint.StrokeWidth = (float)thickness;
            paint.Color = Color(stroke);
            using SKPathEffect? dash = dashes is null ? null
                : SKPathEffect.CreateDash([.. dashes.Select(length => (float)(length * thickness))], 0);
            paint.PathEffect = dash;
            canvas.DrawPath(path, paint);
        }
    }

    private static SKColor Color(OxyColor color) => new(color.R, color.G, color.B, color.A);

    private static SKPoint Point(ScreenPoint point) => new((float)point.X, (float)point.Y);

    private static SKRect Rect(OxyRect rect) => new((float)rect.Left, (float)rect.Top, (float)rect.Right, (float)rect.Bottom);
}
