using System.Text.RegularExpressions;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Security;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Hosting;

/// <summary>Reports all errors of the section at once, each with its key.</summary>
internal sealed partial class LoraLabOptionsValidator(IConfiguration configuration) : IValidateOptions<LoraLabOptions>
{
    public ValidateOptionsResult Validate(string? name, LoraLabOptions options)
    {
        List<string> errors = [];
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            errors.Add("LoraLab:DataDirectory is empty; set a folder for the database and the runs.");
        }

        CheckFolders(errors, "ModelDirectories", options.ModelDirectories);
        CheckFolders(errors, "DatasetDirectories", options.DatasetDirectories);
        for (int i = 0; i < options.Devices.Count; i++)
        {
            if (!DeviceName().IsMatch(options.Devices[i] ?? ""))
            {
                errors.Add($"LoraLab:Devices:{i} is \"{options.Devices[i]}\"; it must be auto, cpu, cuda or cuda:N.");
            }
        }

        if (Lane.TwoOnOneDevice([.. options.Devices.OfType<string>()]) is (string one, string other))
        {
            errors.Add(one == other
                ? $"LoraLab:Devices lists {one} twice; each entry is a separate lane."
                : $"LoraLab:Devices has {one} and {other}, whose runs could meet on one GPU; name each GPU, as in cuda:0 and cuda:1.");
        }

        if (options.MemoryBudgetMb is <= 0)
        {
            errors.Add($"LoraLab:MemoryBudgetMb is {options.MemoryBudgetMb}; it must be greater than 0, or absent for no budget.");
        }

        if (options.CancelGraceSeconds is not (>= 0.1 and <= 3600))
        {
            errors.Add($"LoraLab:CancelGraceSeconds is {options.CancelGraceSeconds}; it must be between 0.1 and 3600.");
        }

        if (options.StallSeconds is not (>= 0.1 and <= 86_400))
        {
            errors.Add($"LoraLab:StallSeconds is {options.StallSeconds}; it must be between 0.1 and 86400.");
        }

        foreach ((string key, double? days) in (ReadOnlySpan<(string, double?)>)
        [
            ("CheckpointDays", options.Retention.CheckpointDays),
            ("PredictionDays", options.Retention.PredictionDays),
        ])
        {
            if (days is not (null or (>= 0 and <= 36_500)))
            {
                errors.Add($"LoraLab:Retention:{key} is {days}; it must be between 0 and 36500, or absent to keep them forever.");
            }
        }

        if (options.MinimumFreeMb < 0)
        {
            errors.Add($"LoraLab:MinimumFreeMb is {options.MinimumFreeMb}; it must not be negative.");
        }

        if (options.DiskReserveMb is < 0 or > 1024)
        {
            errors.Add($"LoraLab:DiskReserveMb is {options.DiskReserveMb}; it must be between 0 and 1024.");
        }

        if (options.Limits.RequestsPerMinute < 60)
        {
            errors.Add($"LoraLab:Limits:RequestsPerMinute is {options.Limits.RequestsPerMinute}; it must be at least 60, "
                + "or the dashboard is unusable.");
        }

        if (options.Limits.QueuedRuns < 1)
        {
            errors.Add($"LoraLab:Limits:QueuedRuns is {options.Limits.QueuedRuns}; it must be at least 1.");
        }

        if (options.Limits.UploadMb is < 1 or > 1_048_576)
        {
            errors.Add($"LoraLab:Limits:UploadMb is {options.Limits.UploadMb}; it must be between 1 and 1048576.");
        }

        if (options.Predictions.Seconds is not (>= 0.1 and <= 3600))
        {
            errors.Add($"LoraLab:Predictions:Seconds is {options.Predictions.Seconds}; it must be between 0.1 and 3600.");
        }

        if (options.Predictions.IdleSeconds is not (>= 0.1 and <= 86_400))
        {
            errors.Add($"LoraLab:Predictions:IdleSeconds is {options.Predictions.IdleSeconds}; it must be between 0.1 and 86400.");
        }

        if (options.PathBase.Length > 0 && !PathPrefix.IsValid(options.PathBase))
        {
            errors.Add($"LoraLab:PathBase is \"{options.PathBase}\"; {PathPrefix.Form}, or absent for the root.");
        }

        for (int i = 0; i < options.KnownProxies.Count; i++)
        {
            if (ProxyAddresses.TryParse(options.KnownProxies[i] ?? "") is null)
            {
                errors.Add($"LoraLab:KnownProxies:{i} is \"{options.KnownProxies[i]}\"; it must be an address such as 127.0.0.1, "
                    + "or a network such as 10.0.0.0/8.");
            }
        }

        errors.AddRange(ApiKeySection.Read(configuration).Errors);

        CheckNode(errors, options);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private void CheckNode(List<string> errors, LoraLabOptions options)
    {
        if (!NodeRoles.Names.Contains(options.Role))
        {
            errors.Add($"LoraLab:Role is \"{options.Role}\"; it must be one of {string.Join(", ", NodeRoles.Names)}.");
        }
        else if (options.Role != NodeRoles.All && string.IsNullOrWhiteSpace(configuration.GetConnectionString("Postgres")))
        {
            errors.Add($"LoraLab:Role is \"{options.Role}\", but nodes share their runs through PostgreSQL; "
                + "set ConnectionStrings:Postgres, or use All.");
        }

        if (!NodeName().IsMatch(NodeNames.Of(options)))
        {
            errors.Add($"LoraLab:NodeName is \"{NodeNames.Of(options)}\"; it must have 1 to 100 letters, digits, periods, hyphens and "
                + "underscores, and begin with a letter or digit.");
        }

        for (int i = 0; i < options.Labels.Count; i++)
        {
            string label = options.Labels[i] ?? "";
            if (string.IsNullOrWhiteSpace(label) || label.Length > TextLimits.Tag || label.Contains(','))
            {
                errors.Add($"LoraLab:Labels:{i} is \"{label}\"; it must have 1 to {TextLimits.Tag} characters without a comma.");
            }
        }

        if (options.Cluster.LeaseSeconds is not (>= 5 and <= 86_400))
        {
            errors.Add($"LoraLab:Cluster:LeaseSeconds is {options.Cluster.LeaseSeconds}; it must be between 5 and 86400.");
        }
    }

    private static void CheckFolders(List<string> errors, string key, List<string> folders)
    {
        for (int i = 0; i < folders.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(folders[i]))
            {
                errors.Add($"LoraLab:{key}:{i} is empty; set a folder or remove the entry.");
            }
        }
    }

    // It names a folder too.
    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    private static partial Regex NodeName();

    [GeneratedRegex("^(auto|cpu|cuda|cuda:[0-9]{1,2})$")]
    private static partial Regex DeviceName();
}
