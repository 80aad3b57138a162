namespace LoraLab.SampleMaker.Text;

/// <summary>The Bayes-optimal classifier for the generator's sentences.</summary>
internal static class BayesRule
{
    /// <summary>P(label = positive | form and cues).</summary>
    public static double PositiveProbability(SentenceForm form, IReadOnlyList<Cue> cues)
    {
        double positive = Joint(form, cues, Mood.Positive);
        double negative = Joint(form, cues, Mood.Negative);
        return positive / (positive + negative);
    }

    /// <summary>
    /// Returns the exact accuracy by enumeration: the sum over all observations of the maximum over labels of P(label, observation).
    /// </summary>
    public static double Accuracy()
    {
        double accuracy = 0;
        foreach ((SentenceForm form, double probability) in SentenceModel.Forms)
        {
            foreach (IReadOnlyList<Cue> cues in Patterns(SentenceModel.AgainstStance(form).Count))
            {
                accuracy += probability * Math.Max(Joint(form, cues, Mood.Positive), Joint(form, cues, Mood.Negative));
            }
        }

        return accuracy;
    }

    /// <summary>P(label, cues | form).</summary>
    private static double Joint(SentenceForm form, IReadOnlyList<Cue> cues, Mood label)
    {
        IReadOnlyList<bool> against = SentenceModel.AgainstStance(form);
        double sum = 0;
        foreach (Mood stance in Enum.GetValues<Mood>())
        {
            double probability = 0.5 * (stance == label ? 1 - SentenceModel.LabelNoise : SentenceModel.LabelNoise);
            for (int index = 0; index < cues.Count; index++)
            {
                probability *= SentenceModel.Probability(cues[index], stance.Turned(against[index]));
            }

            sum += probability;
        }

        return sum;
    }

    private static IEnumerable<IReadOnlyList<Cue>> Patterns(int length)
    {
        if (length == 0)
        {
            yield return [];
            yield break;
        }

        foreach (IReadOnlyList<Cue> shorter in Patterns(length - 1))
        {
            foreach (PolarKind kind in Enum.GetValues<PolarKind>())
            {
                foreach (Mood mood in Enum.GetValues<Mood>())
                {
                    foreach (bool leaning in kind == PolarKind.Adjective ? new[] { false, true } : [false])
                    {
                        yield return [.. shorter, new Cue(kind, mood, leaning, Negated: false)];
                        yield return [.. shorter, new Cue(kind, mood, leaning, Negated: true)];
                    }
                }
            }
        }
    }
}
