namespace LoraLab.Web.Charts;

/// <summary>How the values of a chart are written.</summary>
public enum ChartFormat
{
    /// <summary>Plain numbers.</summary>
    Number,

    /// <summary>Shares in [0, 1] as percent.</summary>
    Percent,

    /// <summary>Learning rates: always scientific.</summary>
    Rate,
}
