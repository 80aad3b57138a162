namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>The density of one field's coordinates, from those that were tried.</summary>
internal interface IParzenEstimator
{
    double Draw(SeededRandom random);

    double LogDensity(double coordinate);
}
