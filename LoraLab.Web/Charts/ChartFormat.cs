namespace LoraLab.Web.Charts;

/// <summary>The number format of a chart's values.</summary>
public enum ChartFormat
{
    /// <summary>Plain numbers.</summary>
    Number,

    /// <summary>Shares in [0, 1] as percentages.</summary>
    Percent,

    /// <summary>Learning rates, with an exponent below 0.01.</summary>
    Rate,
}
