namespace LoraLab.Training.Tasks.Uploads;

/// <summary>Which rows have the same text, in twelve bytes per row beside the different texts.</summary>
internal sealed class SameTexts
{
    private readonly List<int> _counts = [];
    private readonly List<int> _last = [];
    private readonly List<int> _groups = [];
    private readonly List<int> _previous = [];

    /// <summary>Reads the texts of all rows, in order.</summary>
    public SameTexts(IEnumerable<string> texts)
    {
        Dictionary<string, int> groups = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            if (!groups.TryGetValue(text, out int group))
            {
                groups[text] = group = _counts.Count;
                _counts.Add(0);
                _last.Add(-1);
            }

            _counts[group]++;
            _previous.Add(_last[group]);
            _last[group] = _groups.Count;
            _groups.Add(group);
        }
    }

    /// <summary>How many rows have the text of a row, itself included.</summary>
    public int CountOf(int row) => _counts[_groups[row]];

    /// <summary>The rows with the text of a row, itself included.</summary>
    public IEnumerable<int> Of(int row)
    {
        for (int same = _last[_groups[row]]; same >= 0; same = _previous[same])
        {
            yield return same;
        }
    }
}
