namespace LoraLab.Server.Store;

/// <summary>One value of one metric.</summary>
internal readonly record struct MetricPoint(string Key, int Step, double Value);
