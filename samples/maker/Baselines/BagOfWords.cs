using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Baselines;

/// <summary>
/// Logistic regression on word counts, trained by full-batch gradient descent with L2 regularization: a baseline that uses words alone.
/// </summary>
internal sealed class BagOfWords
{
    private readonly Dictionary<string, int> _columns = new(StringComparer.Ordinal);
    private readonly double[] _weights;
    private readonly double _bias;

    public BagOfWords(IReadOnlyList<SampleSentence> rows, int steps = 400, double rate = 2.0, double penalty = 1e-4)
    {
        int[][] features = [.. rows.Select(row => Tokens(row.Sentence.Text).Select(Column).ToArray())];
        _weights = new double[_columns.Count];
        double[] gradient = new double[_weights.Length];
        for (int step = 0; step < steps; step++)
        {
            Array.Clear(gradient);
            double biasGradient = 0;
            for (int row = 0; row < features.Length; row++)
            {
                double error = Sigmoid(Score(features[row])) - (int)rows[row].Label;
                biasGradient += error;
                foreach (int column in features[row])
                {
                    gradient[column] += error;
                }
            }

            _bias -= rate * biasGradient / features.Length;
            for (int column = 0; column < _weights.Length; column++)
            {
                _weights[column] -= rate * ((gradient[column] / features.Length) + (penalty * _weights[column]));
            }
        }
    }

    public double Accuracy(IReadOnlyList<SampleSentence> rows) => rows.Average(row => Predict(row.Sentence.Text) == row.Label ? 1.0 : 0.0);

    private Mood Predict(string sentence)
    {
        int[] known = [.. Tokens(sentence).Where(_columns.ContainsKey).Select(token => _columns[token])];
        return Score(known) > 0 ? Mood.Positive : Mood.Negative;
    }

    private static IEnumerable<string> Tokens(string sentence) =>
        sentence.Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries);

    private int Column(string token)
    {
        if (!_columns.TryGetValue(token, out int column))
        {
            column = _columns.Count;
            _columns.Add(token, column);
        }

        return column;
    }

    private double Score(int[] columns) => _bias + columns.Sum(column => _weights[column]);

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
}
