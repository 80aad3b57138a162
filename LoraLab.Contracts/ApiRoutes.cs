namespace LoraLab.Contracts;

/// <summary>Routes of the REST API.</summary>
public static class ApiRoutes
{
    /// <summary>Base path of every route except health, OpenAPI and the hub.</summary>
    public const string Base = "/api/v1";

    /// <summary>Runs.</summary>
    public const string Runs = Base + "/runs";

    /// <summary>Queues several runs, all or none.</summary>
    public const string RunsBatch = Runs + ":batch";

    /// <summary>Cancels many runs.</summary>
    public const string RunsCancel = Runs + ":cancel";

    /// <summary>Deletes many runs.</summary>
    public const string RunsDelete = Runs + ":delete";

    /// <summary>Rows of a table of runs.</summary>
    public const string RunGroups = Base + "/run-groups";

    /// <summary>Saved views.</summary>
    public const string Views = Base + "/views";

    /// <summary>Metrics of many runs.</summary>
    public const string Metrics = Base + "/metrics";

    /// <summary>The queue.</summary>
    public const string Queue = Base + "/queue";

    /// <summary>Moves a queued run.</summary>
    public const string QueueReorder = Queue + "/reorder";

    /// <summary>When the queued runs start and end.</summary>
    public const string QueueForecast = Queue + "/forecast";

    /// <summary>Comparison.</summary>
    public const string Compare = Base + "/compare";

    /// <summary>Comparison export.</summary>
    public const string CompareExport = Compare + "/export";

    /// <summary>Memory estimate for a specification.</summary>
    public const string Estimate = Base + "/estimate";

    /// <summary>Predictions of a model without an adapter.</summary>
    public const string Predict = Base + "/predict";

    /// <summary>Aliases of adapters.</summary>
    public const string Aliases = Base + "/aliases";

    /// <summary>Tokens of texts.</summary>
    public const string Tokenize = Base + "/tokenize";

    /// <summary>Methods.</summary>
    public const string Methods = Base + "/methods";

    /// <summary>Models.</summary>
    public const string Models = Base + "/models";

    /// <summary>Datasets.</summary>
    public const string Datasets = Base + "/datasets";

    /// <summary>Downloads a model.</summary>
    public const string ModelsPull = Models + ":pull";

    /// <summary>Downloads a published dataset.</summary>
    public const string DatasetsPull = Datasets + ":pull";

    /// <summary>Downloads.</summary>
    public const string Pulls = Base + "/pulls";

    /// <summary>Rows of a dataset.</summary>
    public const string DatasetRows = Base + "/dataset-rows";

    /// <summary>Uploads that are not kept yet.</summary>
    public const string Uploads = Base + "/uploads";

    /// <summary>The machine.</summary>
    public const string System = Base + "/system";

    /// <summary>Studies.</summary>
    public const string Studies = Base + "/studies";

    /// <summary>Built-in study templates.</summary>
    public const string StudyTemplates = Base + "/study-templates";

    /// <summary>Sweeps.</summary>
    public const string Sweeps = Base + "/sweeps";

    /// <summary>The current session; sign-in and sign-out.</summary>
    public const string Session = Base + "/session";

    /// <summary>API keys.</summary>
    public const string Keys = Base + "/keys";

    /// <summary>A node.</summary>
    public static string Node(string name) => $"{System}/nodes/{Uri.EscapeDataString(name)}";

    /// <summary>A run or one of its subresources.</summary>
    public static string Run(string id, string? part = null) => part is null ? $"{Runs}/{id}" : $"{Runs}/{id}/{part}";

    /// <summary>A saved view.</summary>
    public static string View(string id) => $"{Views}/{id}";

    /// <summary>An alias of an adapter.</summary>
    public static string Alias(string alias) => $"{Aliases}/{alias}";

    /// <summary>An API key that was made here.</summary>
    public static string Key(string name) => $"{Keys}/{name}";

    /// <summary>A download or one of its subresources.</summary>
    public static string Pull(string id, string? part = null) => part is null ? $"{Pulls}/{id}" : $"{Pulls}/{id}/{part}";

    /// <summary>An upload or one of its subresources.</summary>
    public static string Upload(string id, string? part = null) => part is null ? $"{Uploads}/{id}" : $"{Uploads}/{id}/{part}";

    /// <summary>A study or one of its subresources.</summary>
    public static string Study(string id, string? part = null) => part is null ? $"{Studies}/{id}" : $"{Studies}/{id}/{part}";

    /// <summary>A sweep or one of its subresources.</summary>
    public static string Sweep(string id, string? part = null) => part is null ? $"{Sweeps}/{id}" : $"{Sweeps}/{id}/{part}";
}
