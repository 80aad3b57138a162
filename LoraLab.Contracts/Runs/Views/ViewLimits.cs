namespace LoraLab.Contracts.Runs.Views;

/// <summary>Limits of saved views.</summary>
public static class ViewLimits
{
    /// <summary>Maximum length of a name, in characters.</summary>
    public const int Name = 100;

    /// <summary>Maximum length of the parameters of an address, in characters.</summary>
    public const int Query = 4_000;

    /// <summary>Maximum number of charts of a view.</summary>
    public const int Charts = 6;

    /// <summary>Maximum number of views.</summary>
    public const int Views = 500;
}
