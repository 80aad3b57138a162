namespace LoraLab.Web.Charts;

/// <summary>Steps that the reader has dragged over; nulls: everything.</summary>
/// <param name="Min">First step.</param>
/// <param name="Max">Last step.</param>
public sealed record ChartRange(double? Min, double? Max);
