using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Training.Data;

/// <summary>The problems of a data file, reported at once: how many there are, and the first ten with their lines.</summary>
/// <param name="file">Name of the file in messages.</param>
/// <param name="unit">What the file consists of in messages.</param>
/// <param name="leavesOut">Whether rows with problems are left out, instead of making the file unusable.</param>
internal sealed class RowProblems(string file, string unit = "line", bool leavesOut = false)
{
    private const int MaxShown = 10;
    private const int MaxRemedies = 3;
    private readonly List<(int Line, string Text)> _shown = [];
    private readonly List<string> _remedies = [];
    private readonly HashSet<int> _broken = [];

    /// <summary>Number of problems.</summary>
    public int Count { get; private set; }

    /// <summary>The last line with a problem; 0: none.</summary>
    public int LastLine { get; private set; }

    /// <summary>Whether rows with problems are left out.</summary>
    public bool LeavesOut => leavesOut;

    /// <summary>A warning about the rows that are left out; null: there are none.</summary>
    public string? LeftOut => leavesOut && Count > 0
        ? $"{NumberFormat.Count(_broken.Count, "broken row")} of {file} {(_broken.Count == 1 ? "is" : "are")} left out: {Listed}."
        : null;

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
                return $"{file}, {unit} {_shown[0].Line}: {_shown[0].Text}{remedies}.";
            }

            return $"{file} has {NumberFormat.Count(Count)} problems: {Listed}{remedies}.";
        }
    }

    private string Listed
    {
        get
        {
            string listed = string.Join("; ", _shown.Select(problem =>
                string.Create(CultureInfo.InvariantCulture, $"{unit} {problem.Line}: {problem.Text}")));
            return Count > _shown.Count ? $"{listed}; and {NumberFormat.Count(Count - _shown.Count)} more" : listed;
        }
    }

    /// <summary>Whether a line has a problem.</summary>
    public bool IsBroken(int line) => _broken.Contains(line);

    /// <summary>Adds a problem of a line.</summary>
    /// <param name="line">Line in the file, from 1.</param>
    /// <param name="text">What is wrong.</param>
    /// <param name="remedy">What to do, stated once for all problems with the same remedy.</param>
    public void Add(int line, string text, string? remedy = null)
    {
        Count++;
        _broken.Add(line);
        LastLine = Math.Max(LastLine, line);
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
