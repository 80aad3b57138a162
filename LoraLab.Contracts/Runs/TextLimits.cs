namespace LoraLab.Contracts.Runs;

/// <summary>How long a text that a person writes about a run, study or sweep may be, in characters.</summary>
public static class TextLimits
{
    /// <summary>Name of a run or sweep.</summary>
    public const int Name = 200;

    /// <summary>Name of a study: its runs are named after it, with their label behind it.</summary>
    public const int StudyName = 100;

    /// <summary>Notes.</summary>
    public const int Notes = 20_000;

    /// <summary>One tag.</summary>
    public const int Tag = 64;

    /// <summary>Tags of one run; a number of words.</summary>
    public const int Tags = 50;

    /// <summary>Priorities lie between minus this number and this number.</summary>
    public const int Priority = 1_000_000;
}
