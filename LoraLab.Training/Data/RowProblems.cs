using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Training.Data;

/// <summary>The problems of a data file, reported at once: how many there are, and the first ten with their lines.</summary>
/// <param name="file">Name of the file in messages.</param>
internal sealed class RowProblems(string file)
{
    /// <summary>Most characters of a text.</summary>
    public const int MaxText = 1_000_000;

    private const int MaxShown = 10;
    private const int MaxRemedies = 3;
    private readonly List<(int Line, string Text)> _shown = [];
    private readonly List<string> _remedies = [];

    /// <summary>Number of problems.</summary>
    public int Count { get; private set; }

    /// <summary>The message about all of them; null: there are none.</summary>
    public string? Message
    {
        get
        {
            if (Count == 0)
            {
                return null;
            }

            string remedies = string.Concat(_remedies.Select(remedy => $"; {remedy}"));
            if (Count == 1)
            {
                return $"{file}, line {_shown[0].Line}: {_shown[0].Text}{remedies}.";
            }

            string listed = string.Join("; ", _shown.Select(problem =>
                string.Create(CultureInfo.InvariantCulture, $"line {problem.Line}: {problem.Text}")));
            string more = Count > _shown.Count ? $"; and {NumberFormat.Count(Count - _shown.Count)} more" : "";
            return $"{file} has {NumberFormat.Count(Count)} problems: {listed}{more}{remedies}.";
        }
    }

    /// <summary>Adds a problem of a line.</summary>
    /// <param name="line">Line in the file, from 1.</param>
    /// <param name="text">What is wrong.</param>
    /// <param name="remedy">What to do, stated once for all problems with the same remedy.</param>
    public void Add(int line, string text, string? remedy = null)
    {
        Count++;
        int place = _shown.FindIndex(shown => shown.Line > line);
        if (place >= 0 || _shown.Count < MaxShown)
        {
            _shown.Insert(place < 0 ? _shown.Count : place, (line, text));
            if (_shown.Count > MaxShown)
            {
                _shown.RemoveAt(MaxShown);
            }
        }

        if (remedy is not null && _remedies.Count < MaxRemedies && !_remedies.Contains(remedy))
        {
            _remedies.Add(remedy);
        }
    }
}
