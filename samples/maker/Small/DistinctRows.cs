using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>Draws rows of which no text occurs twice, in any file of a dataset.</summary>
internal sealed class DistinctRows
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>Draws rows whose kinds take turns, and shuffles them.</summary>
    /// <param name="random">Source of the order.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="kinds">Number of kinds, such as labels.</param>
    /// <param name="draw">Draws a row of a kind.</param>
    /// <param name="text">The text of a row that must not occur twice.</param>
    public IReadOnlyList<T> Draw<T>(SeededRandom random, int count, int kinds, Func<int, T> draw, Func<T, string> text)
    {
        List<T> rows = [];
        while (rows.Count < count)
        {
            T row = draw(rows.Count % kinds);
            if (_taken.Add(text(row)))
            {
                rows.Add(row);
            }
        }

        random.Shuffle(rows);
        return rows;
    }
}
