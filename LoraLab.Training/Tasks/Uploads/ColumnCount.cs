using System.Globalization;
using LoraLab.Contracts.Catalog;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>What the values of a column are like.</summary>
/// <param name="name">Its name.</param>
internal sealed class ColumnCount(string name)
{
    private const int MaximumKept = 256;

    private long _characters;
    private int _count;

    /// <summary>Its name, or its number from 1.</summary>
    public string Name => name;

    /// <summary>Its different values without the spaces around them, the first of them if there are very many.</summary>
    public HashSet<string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Rows in which it is empty.</summary>
    public int Empty { get; private set; }

    /// <summary>Its value in the first row.</summary>
    public string First { get; private set; } = "";

    /// <summary>Whether its values are lists, as of a conversation.</summary>
    public bool HasLists { get; set; }

    /// <summary>Mean number of characters.</summary>
    public double MeanLength => _count == 0 ? 0 : (double)_characters / _count;

    /// <summary>Whether its values can be labels: few, and each several times.</summary>
    public bool CanBeLabel(int maximum) => !HasLists && Values.Count >= 2 && Values.Count <= maximum && Values.Count * 2 <= _count;

    /// <summary>Adds a value.</summary>
    public void Add(string value)
    {
        if (_count++ == 0)
        {
            First = value;
        }

        _characters += value.Length;
        string trimmed = value.Trim();
        if (trimmed.Length == 0)
        {
            Empty++;
        }
        else if (Values.Count < UploadedColumn.MaximumDistinct)
        {
            // Long texts are counted without being kept.
            Values.Add(trimmed.Length <= MaximumKept ? trimmed : Digest(trimmed));
        }
    }

    /// <summary>No label: it has a control character.</summary>
    private static string Digest(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"\0{text.Length} {string.GetHashCode(text, StringComparison.Ordinal)}");
}
