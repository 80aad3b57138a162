namespace LoraLab.Contracts.Runs;

/// <summary>Maximum lengths, in characters, of user-written texts about runs, studies and sweeps.</summary>
public static class TextLimits
{
    /// <summary>Name of a run or sweep.</summary>
    public const int Name = 200;

    /// <summary>Name of a study; shorter, because the names of its runs append a label to it.</summary>
    public const int StudyName = 100;

    /// <summary>Notes.</summary>
    public const int Notes = 20_000;

    /// <summary>One tag.</summary>
    public const int Tag = 64;

    /// <summary>Number of tags per run.</summary>
    public const int Tags = 50;

    /// <summary>Name of a module, or the pattern of a rank or alpha.</summary>
    public const int ModuleName = 200;

    /// <summary>Number of modules that a field names.</summary>
    public const int ModuleNames = 2_000;

    /// <summary>Largest absolute value of a priority.</summary>
    public const int Priority = 1_000_000;

    /// <summary>What is said of a text that is too long.</summary>
    /// <param name="field">Name of the field.</param>
    /// <param name="length">Its characters.</param>
    /// <param name="maximum">How many are allowed.</param>
    public static string TooLong(string field, int length, int maximum) =>
        $"{field} has {NumberFormat.Count(length)} characters; at most {NumberFormat.Count(maximum)} are allowed.";
}
