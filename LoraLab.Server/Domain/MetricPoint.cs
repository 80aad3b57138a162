namespace LoraLab.Server.Domain;

/// <summary>One value of one metric, and the attempt that reported it.</summary>
internal readonly record struct MetricPoint(string Key, int Step, double Value, int Attempt = 1);
