namespace LoraLab.Contracts.Runs.Filters;

/// <summary>What a part of a filter is.</summary>
internal enum FilterTokenKind
{
    /// <summary>A word: a field, a value or a keyword.</summary>
    Word,

    /// <summary>A text in quotes: a value.</summary>
    Quoted,

    /// <summary>A comparison, a parenthesis or a comma.</summary>
    Sign,

    /// <summary>The end of the filter.</summary>
    End,
}
